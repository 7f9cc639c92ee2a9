EXTRA_DIST += \
	examples/packages \
	examples/quickstart \
	examples/digits/lenet.onnx \
	examples/digits/pipeline.yaml \
	examples/digits/train_lenet.py \
	examples/mnist/pipeline.yaml \
	examples/cifar10/pipeline.yaml
