"""How reports come from other systems: the formats that they speak."""
