"""Where things are in a container."""

from __future__ import annotations

base_dir = "/opt/ml"
code_dir = "/opt/ml/code"
model_dir = "/opt/ml/model"
input_dir = "/opt/ml/input"
input_config_dir = "/opt/ml/input/config"
output_dir = "/opt/ml/output"
output_data_dir = "/opt/ml/output/data"
