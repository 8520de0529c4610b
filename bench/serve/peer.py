"""The peer of bench/serve/run.py: FastAPI with a LightGBM model, as one would write it for speed.

    uvicorn peer:app --workers 2

`PEER_MODEL` names the model's text file, `PEER_SCHEMA` a JSON file with the order of the columns
and the codes of categories, `PEER_KEY` the API key. One row goes to the booster as a numpy array,
with one thread for each worker; with `?reasons=all` the booster's own exact SHAP values are added.
"""

import hashlib
import hmac
import json
import os

import lightgbm
import numpy as np
import orjson
from fastapi import FastAPI, HTTPException, Request, Response

booster = lightgbm.Booster(model_file=os.environ["PEER_MODEL"])
schema = json.load(open(os.environ["PEER_SCHEMA"]))
columns, codes, threshold = schema["columns"], schema["codes"], schema["threshold"]
key = hashlib.sha256(os.environ["PEER_KEY"].encode()).digest()
app = FastAPI()


@app.get("/livez")
async def live():
    return {"status": "ok"}


@app.post("/predict/flow")
async def predict(request: Request, reasons: str = "none"):
    given = hashlib.sha256(request.headers.get("x-api-key", "").encode()).digest()
    if not hmac.compare_digest(given, key):
        raise HTTPException(401)
    record = orjson.loads(await request.body())
    try:
        row = np.array(
            [[codes[c].get(record[c], np.nan) if c in codes else float(record[c]) for c in columns]]
        )
    except KeyError as missing:
        raise HTTPException(422, f"{missing} is missing") from None
    probability = float(booster.predict(row, num_threads=1)[0])
    answer = {
        "prediction": "attack" if probability >= threshold else "normal",
        "probability": probability,
    }
    if reasons == "all":
        values = booster.predict(row, pred_contrib=True, num_threads=1)[0]
        largest = np.argsort(-np.abs(values[:-1]))[:5]
        answer["base_value"] = float(values[-1])
        answer["reasons"] = [{"feature": columns[i], "contribution": float(values[i])} for i in largest]
    return Response(orjson.dumps(answer), media_type="application/json")
