EXTRA_DIST += \
	docs/decisions.md \
	docs/environment.md \
	docs/formats/hardware.md \
	docs/formats/layout.md \
	docs/formats/pipeline.md \
	docs/formats/report.md \
	docs/formats/training.md \
	docs/formats/xir.md \
	docs/irdrop.md \
	docs/passes.md \
	docs/results.md \
	docs/writing-a-pass.md
