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
src_libplugins_a_SOURCES += plugins/drift.c
BUILTIN_PLUGINS += drift
else
pluginexec_LTLIBRARIES += plugins/drift.la
plugins_drift_la_SOURCES = plugins/drift.c
plugins_drift_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_drift_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_drift_la_LIBADD = -lm
endif

if BUILTIN
src_libplugins_a_SOURCES += plugins/gaussian-pcm.c
BUILTIN_PLUGINS += gaussian_pcm
else
pluginexec_LTLIBRARIES += plugins/gaussian-pcm.la
plugins_gaussian_pcm_la_SOURCES = plugins/gaussian-pcm.c
plugins_gaussian_pcm_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_gaussian_pcm_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_gaussian_pcm_la_LIBADD = -lm
endif

if BUILTIN
src_libplugins_a_SOURCES += plugins/levels.c
BUILTIN_PLUGINS += levels
else
pluginexec_LTLIBRARIES += plugins/levels.la
plugins_levels_la_SOURCES = plugins/levels.c
plugins_levels_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_levels_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_levels_la_LIBADD = -lm
endif

if BUILTIN
src_libplugins_a_SOURCES += plugins/lognormal.c
BUILTIN_PLUGINS += lognormal
else
pluginexec_LTLIBRARIES += plugins/lognormal.la
plugins_lognormal_la_SOURCES = plugins/lognormal.c
plugins_lognormal_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_lognormal_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_lognormal_la_LIBADD = -lm
endif

if BUILTIN
src_libplugins_a_SOURCES += plugins/proportional.c
BUILTIN_PLUGINS += proportional
else
pluginexec_LTLIBRARIES += plugins/proportional.la
plugins_proportional_la_SOURCES = plugins/proportional.c
plugins_proportional_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_proportional_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_proportional_la_LIBADD = -lm
endif

if BUILTIN
src_libplugins_a_SOURCES += plugins/read-noise.c
BUILTIN_PLUGINS += read_noise
else
pluginexec_LTLIBRARIES += plugins/read-noise.la
plugins_read_noise_la_SOURCES = plugins/read-noise.c
plugins_read_noise_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_read_noise_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_read_noise_la_LIBADD = -lm
endif

if BUILTIN
src_libplugins_a_SOURCES += plugins/rram-relax.c
BUILTIN_PLUGINS += rram_relax
else
pluginexec_LTLIBRARIES += plugins/rram-relax.la
plugins_rram_relax_la_SOURCES = plugins/rram-relax.c
plugins_rram_relax_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_rram_relax_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_rram_relax_la_LIBADD = -lm
endif

if BUILTIN
src_libplugins_a_SOURCES += plugins/stuck-at.c
BUILTIN_PLUGINS += stuck_at
else
pluginexec_LTLIBRARIES += plugins/stuck-at.la
plugins_stuck_at_la_SOURCES = plugins/stuck-at.c
plugins_stuck_at_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_stuck_at_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_stuck_at_la_LIBADD = -lm
endif
