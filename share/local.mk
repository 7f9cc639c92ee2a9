# Installed data: the default pipeline and the hardware files.
dist_shared_DATA = share/default.yaml
hardwaredir = $(shareddir)/hardware
dist_hardware_DATA = \
	share/hardware/generic-128.yaml \
	share/hardware/isaac.yaml \
	share/hardware/memristor-64.yaml
