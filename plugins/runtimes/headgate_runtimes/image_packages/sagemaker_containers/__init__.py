"""What scripts import of the containers' toolkit: `entry_point` is only ever named, `beta.framework` is used."""
