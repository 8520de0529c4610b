//! What is told of a registered model, as JSON.

use serde_json::{Map, Value, json};

use crate::model::Model;

/// Card, provenance and lineage of a model, with further members as they were given: name, JSON.
/// One that is no JSON is left out.
pub(crate) fn card(model: &Model, further: &[(String, String)]) -> String {
    let card = model.card();
    let provenance = model.provenance();
    let pairs = |pairs: &[(String, String)]| -> Map<String, Value> {
        pairs.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect()
    };
    let sources: Vec<Value> = provenance
        .sources
        .iter()
        .map(|(part, source)| {
            json!({
                "part": part, "name": source.name, "layout": source.layout,
                "sha256": source.sha256, "bytes": source.bytes, "rows": source.rows,
                "bad_records": source.bad_records,
            })
        })
        .collect();
    let findings: Vec<Value> = provenance
        .findings
        .iter()
        .map(|found| json!({"severity": found.severity, "code": found.code, "title": found.title}))
        .collect();
    let measured: Vec<Value> = provenance
        .metrics
        .iter()
        .map(|metric| json!({"part": metric.part, "name": metric.name, "value": metric.value}))
        .collect();
    let lineage: Vec<Value> = provenance
        .lineage
        .iter()
        .map(|step| {
            json!({
                "digest": step.digest, "program": step.program, "data": step.data,
                "data_sha256": step.data_sha256, "rows": step.rows, "changed": step.changed,
            })
        })
        .collect();
    let columns: Vec<Value> = model
        .input()
        .fields()
        .iter()
        .map(|field| json!({"name": field.name, "kind": field.kind.name()}))
        .collect();
    let importance: Vec<Value> = model
        .importance()
        .unwrap_or_default()
        .into_iter()
        .take(50)
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let mut told = json!({
        "detector": {
            "id": card.id, "family": card.family.name(), "summary": card.summary,
            "abilities": card.abilities.words(),
        },
        "columns": columns,
        "classes": model.classes().unwrap_or_default(),
        "threshold": {
            "value": model.decision().threshold, "rule": model.decision().rule,
            "note": model.decision().note,
        },
        "provenance": {
            "program": provenance.program, "params": pairs(&provenance.params),
            "recipe": provenance.recipe, "task": provenance.task, "seed": provenance.seed,
            "validation": provenance.validation, "threshold_rule": provenance.threshold_rule,
            "protocol": provenance.protocol, "sources": sources,
            "class_rows": provenance.classes.iter().zip(&provenance.class_rows)
                .map(|(class, rows)| json!({"class": class, "rows": rows})).collect::<Vec<_>>(),
            "fitted_rows": provenance.fitted_rows, "validation_rows": provenance.validation_rows,
            "accepted_leakage": provenance.accepted_leakage, "metrics": measured,
        },
        "findings": findings,
        "lineage": lineage,
        "importance": importance,
        "notice": provenance.notice,
        "notes": model.notes(),
    });
    if let Value::Object(members) = &mut told {
        for (name, text) in further {
            if let Ok(value) = serde_json::from_str(text) {
                members.insert(name.clone(), value);
            }
        }
    }
    told.to_string()
}
