# One backend = one file. They see src/include alone.

if BUILTIN
src_libplugins_a_SOURCES += backends/layout.c
BUILTIN_PLUGINS += layout
else
pluginexec_LTLIBRARIES += backends/layout.la
backends_layout_la_SOURCES = backends/layout.c
backends_layout_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
backends_layout_la_LDFLAGS = $(PLUGIN_LDFLAGS)
backends_layout_la_LIBADD = -lm
endif

if BUILTIN
src_libplugins_a_SOURCES += backends/report.c
BUILTIN_PLUGINS += report
else
pluginexec_LTLIBRARIES += backends/report.la
backends_report_la_SOURCES = backends/report.c
backends_report_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
backends_report_la_LDFLAGS = $(PLUGIN_LDFLAGS)
backends_report_la_LIBADD = -lm
endif
