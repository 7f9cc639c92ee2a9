# Packages to copy; built by users, tested by make installcheck.
EXTRA_DIST += \
	plugins/template/Makefile \
	plugins/template/README.md \
	plugins/template/round-weights.c \
	plugins/template/test.sh \
	plugins/template/tiny.xir \
	plugins/template-device/Makefile \
	plugins/template-device/README.md \
	plugins/template-device/test-device.c \
	plugins/template-device/test.sh \
	plugins/template-device/uniform-error.c

# One file = one device model, or two that share their formula.
if BUILTIN
src_libplugins_a_SOURCES += \
	plugins/drift.c \
	plugins/gaussian-pcm.c \
	plugins/levels.c \
	plugins/lognormal.c \
	plugins/proportional.c \
	plugins/read-noise.c \
	plugins/rram-relax.c \
	plugins/stuck-at.c
BUILTIN_PLUGINS += drift gaussian_pcm levels lognormal proportional read_noise rram_relax stuck_at
else
pluginexec_LTLIBRARIES += \
	plugins/drift.la \
	plugins/gaussian-pcm.la \
	plugins/levels.la \
	plugins/lognormal.la \
	plugins/proportional.la \
	plugins/read-noise.la \
	plugins/rram-relax.la \
	plugins/stuck-at.la
endif
plugins_drift_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_drift_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_drift_la_LIBADD = -lm
plugins_gaussian_pcm_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_gaussian_pcm_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_gaussian_pcm_la_LIBADD = -lm
plugins_levels_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_levels_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_levels_la_LIBADD = -lm
plugins_lognormal_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_lognormal_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_lognormal_la_LIBADD = -lm
plugins_proportional_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_proportional_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_proportional_la_LIBADD = -lm
plugins_read_noise_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_read_noise_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_read_noise_la_LIBADD = -lm
plugins_rram_relax_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_rram_relax_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_rram_relax_la_LIBADD = -lm
plugins_stuck_at_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_stuck_at_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_stuck_at_la_LIBADD = -lm
