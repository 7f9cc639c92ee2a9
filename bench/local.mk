# Benchmarks: run by hand, results committed.
EXTRA_DIST += \
	bench/README.md \
	bench/infer/infer.c \
	bench/infer/models.py \
	bench/infer/run \
	bench/local.mk \
	bench/models/make_models.py \
	bench/results/infer.tsv \
	bench/vgg16/make_vgg16.py \
	bench/vgg16/run
