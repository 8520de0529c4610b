"""Small ONNX files with the scores that ONNX Runtime and scikit-learn give.

    venv/bin/python bench/oracles/onnx_models.py crates/onnx/tests/data

scikit-learn 1.9.1, skl2onnx 1.20.0, onnx 1.23.2, onnxruntime 1.31.1, xgboost 3.2.0,
lightgbm 4.7.0, onnxmltools 1.16.0; seed 0. Also files that no detector must survive badly:
an endless tree, a tensor of 2^40 elements, a tensor in another file, an output that is no number.
"""

import json
import sys
import warnings
from pathlib import Path

import lightgbm
import numpy as np
import onnx
import onnxruntime
import xgboost
from onnx import TensorProto, helper, numpy_helper
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import to_onnx
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

warnings.filterwarnings("ignore")
OPSET = {"": 18, "ai.onnx.ml": 3}
COLUMNS = 4


def rows(rng, count):
    return rng.normal(size=(count, COLUMNS)).astype(np.float32)


def labels(x):
    return (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(int)


def models(x, y):
    """Name, fitted model, the output with the score, its column, what scikit-learn calls it."""
    three = np.digitize(x[:, 0], [-0.5, 0.5])
    yield "logistic", LogisticRegression().fit(x, y), "probabilities", 1, "predict_proba"
    yield "forest", RandomForestClassifier(5, max_depth=4, random_state=0).fit(x, y), \
        "probabilities", 1, "predict_proba"
    yield "boosting", GradientBoostingClassifier(n_estimators=5, random_state=0).fit(x, y), \
        "probabilities", 1, "predict_proba"
    yield "isolation", IsolationForest(n_estimators=8, max_samples=32, random_state=0).fit(x), \
        "scores", 0, "decision_function"
    mlp = MLPClassifier((8, 8), random_state=0, max_iter=50)
    yield "network", make_pipeline(StandardScaler(), mlp).fit(x, y), \
        "probabilities", 1, "predict_proba"
    yield "imputed", make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()) \
        .fit(x, y), "probabilities", 1, "predict_proba"
    yield "components", make_pipeline(PCA(2), LogisticRegression()).fit(x, y), \
        "probabilities", 1, "predict_proba"
    yield "support", OneClassSVM(nu=0.1).fit(x[:100]), "scores", 0, "decision_function"
    yield "three", RandomForestClassifier(5, max_depth=3, random_state=0).fit(x, three), \
        "probabilities", 2, "predict_proba"


def graph_model(nodes, inputs, outputs, constants=(), **options):
    graph = helper.make_graph(nodes, "g", inputs, outputs, initializer=list(constants))
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)],
        ir_version=8,
        **options,
    )
    return model


def tensor(name, dims, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, dims)


def tree(cyclic):
    """One split whose right branch is a leaf, or the split itself."""
    return helper.make_node(
        "TreeEnsembleClassifier", ["X"], ["label", "scores"], domain="ai.onnx.ml",
        classlabels_int64s=[0, 1, 2],
        nodes_nodeids=[0, 1, 2], nodes_treeids=[0, 0, 0], nodes_featureids=[0, 0, 0],
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_values=[1e7, 0.0, 0.0],
        nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[0 if cyclic else 2, 0, 0],
        class_ids=[0, 1], class_nodeids=[1, 2], class_treeids=[0, 0], class_weights=[1.0, 1.0],
    )


def special():
    x, s = tensor("X", [None, COLUMNS]), tensor("scores", [None, 3])
    yield "endless", graph_model([tree(True)], [x], [s])
    shape = numpy_helper.from_array(np.array([1 << 20, 1 << 20], np.int64), "shape")
    yield "huge", graph_model(
        [
            helper.make_node("ConstantOfShape", ["shape"], ["big"]),
            helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=0),
            helper.make_node("Add", ["X", "sum"], ["scores"]),
        ],
        [x], [tensor("scores", [None, COLUMNS])], [shape],
    )
    # 2^25 elements, which follow from the data: they can only be made when the model runs.
    yield "large", graph_model(
        [
            helper.make_node("ReduceMax", ["X"], ["top"], keepdims=0),
            helper.make_node("Expand", ["top", "size"], ["big"]),
            helper.make_node("Sqrt", ["big"], ["roots"]),
            helper.make_node("ReduceMax", ["roots"], ["root"], keepdims=0),
            helper.make_node("Add", ["X", "root"], ["scores"]),
        ],
        [x], [tensor("scores", [None, COLUMNS])],
        [numpy_helper.from_array(np.array([1 << 25], np.int64), "size")],
    )
    outside = helper.make_tensor("w", TensorProto.FLOAT, [COLUMNS, 1], np.zeros(COLUMNS))
    outside.ClearField("float_data")
    outside.data_location = TensorProto.EXTERNAL
    for key, value in {"location": "/etc/passwd", "offset": "0", "length": "16"}.items():
        outside.external_data.add(key=key, value=value)
    yield "outside", graph_model(
        [helper.make_node("MatMul", ["X", "w"], ["scores"])],
        [x], [tensor("scores", [None, 1])], [outside],
    )
    yield "undefined", graph_model(
        [helper.make_node("Sqrt", ["X"], ["scores"])], [x], [tensor("scores", [None, COLUMNS])]
    )
    # A row's score depends on the rows beside it, unless it is run by itself.
    yield "beside", graph_model(
        [
            helper.make_node("ReduceMean", ["X", "axes"], ["mean"], keepdims=1),
            helper.make_node("Sub", ["X", "mean"], ["difference"]),
            helper.make_node("Add", ["difference", "X"], ["scores"]),
        ],
        [x], [tensor("scores", [None, COLUMNS])],
        [numpy_helper.from_array(np.array([0], np.int64), "axes")],
    )
    yield "single", graph_model(
        [helper.make_node("Add", ["X", "X"], ["scores"])],
        [tensor("X", [1, COLUMNS])], [tensor("scores", [1, COLUMNS])],
    )
    # A tensor for each column, one of them of whole numbers.
    yield "named", graph_model(
        [
            helper.make_node("Cast", ["proto"], ["code"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["duration", "two"], ["double"]),
            helper.make_node("Add", ["double", "code"], ["scores"]),
        ],
        [tensor("duration", [None, 1]), tensor("proto", [None, 1], TensorProto.INT64)],
        [tensor("scores", [None, 1])],
        [numpy_helper.from_array(np.array([[2]], np.float32), "two")],
    )


def output_of(model, name, data):
    """The output of that name, which a `ZipMap` may hide."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for node in list(copy.graph.node):
        if node.op_type == "ZipMap":
            copy.graph.node.remove(node)
    del copy.graph.output[:]
    copy.graph.output.append(helper.make_empty_tensor_value_info(name))
    session = onnxruntime.InferenceSession(
        copy.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: data})[0]


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    x = rows(rng, 200)
    y = labels(x)
    held = rows(np.random.default_rng(1), 70)
    answers = {"rows": [[float(v) for v in row] for row in held], "models": {}}

    def tell(name, model, output, index, exact):
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
        scores = output_of(model, zipped(model, output), held)
        scores = scores.reshape(len(held), -1)[:, index]
        assert np.abs(scores - exact).max() < 1e-4, (name, np.abs(scores - exact).max())
        answers["models"][name] = {
            "output": output, "index": index, "scores": [float(v) for v in scores],
            "exact": [float(v) for v in exact],
        }

    for name, model, output, index, method in models(x, y):
        converted = to_onnx(model, x[:1], target_opset=OPSET)
        exact = getattr(model, method)(held.astype(np.float64))
        exact = exact[:, index] if exact.ndim == 2 else exact
        names = [o.name for o in converted.graph.output]
        tell(name, converted, output if output in names else names[-1], index, exact)
    kind = [("X", FloatTensorType([None, COLUMNS]))]
    boosted = xgboost.XGBClassifier(n_estimators=5, max_depth=3, base_score=0.5).fit(x, y)
    tell("xgboost", convert_xgboost(boosted, initial_types=kind, target_opset=15),
         "probabilities", 1, boosted.predict_proba(held)[:, 1])
    light = lightgbm.LGBMClassifier(n_estimators=5, num_leaves=7, verbose=-1).fit(x, y)
    tell("lightgbm", convert_lightgbm(light, initial_types=kind, target_opset=15),
         "probabilities", 1, light.predict_proba(held)[:, 1])
    for name, model in special():
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
    (folder / "onnx.json").write_text(json.dumps(answers) + "\n")


def zipped(model, output):
    """What a `ZipMap` that gives `output` is given."""
    for node in model.graph.node:
        if node.op_type == "ZipMap" and output in node.output:
            return node.input[0]
    return output


main()
