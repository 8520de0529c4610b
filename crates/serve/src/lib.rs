//! The service: REST, GraphQL, Open Inference Protocol, dashboard, metrics.
