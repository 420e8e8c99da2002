//! The table of methods and the descriptor set tell the same.

use dancu_wire::{DESCRIPTORS, METHODS, Method, MethodKind, method};
use prost::Message as _;
use prost_types::FileDescriptorSet;

fn descriptors() -> FileDescriptorSet {
    FileDescriptorSet::decode(DESCRIPTORS).expect("the descriptor set is one")
}

/// Path and kind of every method of the descriptor set.
fn described() -> Vec<(String, MethodKind)> {
    let mut described = Vec::new();
    for file in descriptors().file {
        for service in &file.service {
            for method in &service.method {
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                let kind = match (method.client_streaming(), method.server_streaming()) {
                    (false, false) => MethodKind::Unary,
                    (false, true) => MethodKind::ServerStream,
                    (true, true) => MethodKind::Bidi,
                    (true, false) => panic!("{path} is of a kind that no method here has"),
                };
                described.push((path, kind));
            }
        }
    }
    described.sort_by(|a, b| a.0.cmp(&b.0));
    described
}

#[test]
fn the_table_lists_every_method_of_the_descriptor_set_and_no_other() {
    let mut listed: Vec<(String, MethodKind)> = METHODS
        .iter()
        .map(|method| (method.path.to_owned(), method.kind))
        .collect();
    listed.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(listed, described());
}

#[test]
fn paths_are_made_of_service_and_method_and_lead_back_to_them() {
    for listed in METHODS {
        assert_eq!(
            listed.path,
            format!("/{}/{}", listed.service, listed.method)
        );
        assert_eq!(method(listed.path), Some(listed));
    }
    assert_eq!(method("/dancu.v1.LookupService/LookupCitizens"), None);
}

#[test]
fn every_method_that_discloses_somebody_has_a_verb() {
    let without: Vec<&str> = METHODS
        .iter()
        .filter(|m: &&Method| m.verb.is_none() && m.service.starts_with("dancu."))
        .map(|m| m.method)
        .collect();
    assert_eq!(without, ["GetVolumes"]);
    for method in METHODS {
        if let Some(verb) = method.verb {
            let name = method.method.to_uppercase();
            assert!(name.contains(verb.word()), "{name} under {verb}");
        }
    }
}

#[test]
fn the_descriptor_set_is_whole_and_says_what_statuses_need() {
    let set = descriptors();
    let names: Vec<&str> = set
        .file
        .iter()
        .map(prost_types::FileDescriptorProto::name)
        .collect();
    for file in &set.file {
        for import in &file.dependency {
            assert!(names.contains(&import.as_str()), "{import} is missing");
        }
    }
    let messages: Vec<String> = set
        .file
        .iter()
        .flat_map(|file| {
            file.message_type
                .iter()
                .map(|message| format!("{}.{}", file.package(), message.name()))
        })
        .collect();
    for name in [
        "google.rpc.Status",
        "google.rpc.ErrorInfo",
        "google.rpc.BadRequest",
        "google.rpc.LocalizedMessage",
        "google.rpc.RetryInfo",
        "google.type.Date",
        "google.protobuf.Any",
        "google.protobuf.FieldMask",
        "grpc.health.v1.HealthCheckRequest",
        "dancu.v1.RequestContext",
    ] {
        assert!(messages.iter().any(|m| m == name), "{name} is missing");
    }
}
