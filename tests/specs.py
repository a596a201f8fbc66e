"""Small networks that read words, or numbers and categories."""

from prunestudy.networks.spec import NetworkSpec

TEXTCNN = NetworkSpec(
    "textcnn", {"embedding": 8, "channels": 6, "kernels": [2, 3, 5]}, (12,), 3, vocabulary=30
)
EMBEDDING_BAG = NetworkSpec(
    "embedding_bag", {"embedding": 8, "hidden": [7, 5]}, (12,), 3, vocabulary=30
)
MIXED_MLP = NetworkSpec("mlp_mixed", {"hidden": [9, 6]}, (7,), 3, categories=(4, 11, 6))
OF_INDICES = {"textcnn": TEXTCNN, "embedding_bag": EMBEDDING_BAG, "mlp_mixed": MIXED_MLP}
