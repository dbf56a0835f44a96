"""The input channels of a training job."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from headgate.localcloud.errors import unsupported, validation
from headgate.localcloud.jobs.staging import Source
from headgate.localcloud.seams import Json


@dataclass(frozen=True, slots=True)
class Channel:
    """One entry of InputDataConfig. `config` is its part of inputdataconfig.json."""

    name: str
    source: Source
    config: Json

    @property
    def folder(self) -> str:
        return f"/opt/ml/input/data/{self.name}"


def parse_channels(channels: Iterable[Json], default_mode: str) -> list[Channel]:
    """The channels of a request. Raises AwsError for what cannot be read here, naming the channel."""
    found = [_parse(channel, default_mode) for channel in channels]
    names = [channel.name for channel in found]
    if len(set(names)) < len(names):
        raise validation(f"two input channels have the same name: {', '.join(names)}")
    return found


def _parse(channel: Json, default_mode: str) -> Channel:
    name = str(channel["ChannelName"])
    what = f"input channel '{name}'"
    data = channel["DataSource"]
    if "S3DataSource" not in data:
        raise unsupported(f"{what} from {', '.join(data) or 'nowhere'}; use an S3DataSource")
    source = data["S3DataSource"]
    mode = str(channel.get("InputMode", default_mode))
    if mode == "Pipe":
        raise unsupported(f"input mode Pipe of {what}; use File or FastFile")
    if channel.get("CompressionType", "None") != "None":
        raise validation(f"{what}: CompressionType Gzip is only for input mode Pipe")
    if source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        raise unsupported(f"S3DataType {source['S3DataType']} of {what}; use S3Prefix or ManifestFile")
    distribution = str(source.get("S3DataDistributionType", "FullyReplicated"))
    parsed = Source(str(source["S3Uri"]), source["S3DataType"], distribution == "ShardedByS3Key")
    parsed.check()
    config: Json = {
        "TrainingInputMode": mode,
        "S3DistributionType": distribution,
        "RecordWrapperType": str(channel.get("RecordWrapperType", "None")),
    }
    if "ContentType" in channel:
        config["ContentType"] = channel["ContentType"]
    return Channel(name, parsed, config)
