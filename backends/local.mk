# One backend = one file. They see src/include alone.

if BUILTIN
src_libplugins_a_SOURCES += backends/layout.c backends/report.c
BUILTIN_PLUGINS += layout report
else
pluginexec_LTLIBRARIES += backends/layout.la backends/report.la
endif
backends_layout_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
backends_layout_la_LDFLAGS = $(PLUGIN_LDFLAGS)
backends_layout_la_LIBADD = -lm
backends_report_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
backends_report_la_LDFLAGS = $(PLUGIN_LDFLAGS)
backends_report_la_LIBADD = -lm
