"""`python -m models.train`: list the steps of the recipe."""

from __future__ import annotations

STEPS = """\
make_splits   draw the splits by scene (published in splits/)
rendered      render pictures of the simulated shop, with truth
fit           train a member; goes on from its last checkpoint
complete      mark people the training labels forgot
prune         make the slim member's start out of the wide one
blend         average weights with where they started
temper        make the heads agree on what a score means
score         AP50 and recall of weights or files beside the COCO SSD
scaling       the same short training on a share of the scenes: what more data would bring
export        full-integer TFLite file (needs TensorFlow)
opcheck       operators, types and shapes the Edge TPU compiler maps
calibrate     score calibration and operating points; writes the manifest entry
hands.fit     the score of `concealment`, from simulated poses (docs/concealment.md)

Each has --help; README.md tells the order."""

if __name__ == "__main__":
    print(STEPS)
