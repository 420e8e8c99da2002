"""Calls a running dancu with grpcio and nothing but reflection: no generated code, no .proto file.

usage: check.py ADDRESS AGENCIES.json PERSONAS.json RETRY.json

The first two as printed by `dancu ... --output json`, the third as it lies in deploy/.
"""

import json
import sys
import uuid

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.json_format import MessageToDict, ParseDict
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status

DOSSIER = "000.00.00.H26-231012-0001"


class Service:
    """Every method of the services that reflection tells of, called with plain dictionaries."""

    def __init__(self, channel, key):
        self.channel = channel
        self.metadata = [("authorization", f"Bearer {key}"), ("accept-language", "vi")]
        self.pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))

    def method(self, path):
        service, method = path.split("/")
        found = self.pool.FindServiceByName(service).FindMethodByName(method)
        kinds = [message_factory.GetMessageClass(m) for m in (found.input_type, found.output_type)]
        return f"/{path}", *kinds

    def call(self, path, request):
        path, asked, answered = self.method(path)
        call = self.channel.unary_unary(
            path, asked.SerializeToString, answered.FromString
        )
        reply = call(ParseDict(request, asked()), metadata=self.metadata, timeout=10)
        return MessageToDict(reply, preserving_proto_field_name=True)

    def stream(self, path, requests):
        path, asked, answered = self.method(path)
        call = self.channel.stream_stream(path, asked.SerializeToString, answered.FromString)
        messages = iter([ParseDict(request, asked()) for request in requests])
        for reply in call(messages, metadata=self.metadata, timeout=10):
            yield MessageToDict(reply, preserving_proto_field_name=True)


def context(key, purpose="PURPOSE_ADMINISTRATIVE_PROCEDURE"):
    return {
        "request_id": f"py-{uuid.uuid4().hex[:12]}",
        "officer": key["officer"],
        "procedure": key["procedure"],
        "dossier": DOSSIER,
        "purpose": purpose,
    }


def claims(persona):
    year, month, day = ([int(n) for n in persona["birth_date"].split("-")] + [0, 0])[:3]
    number = persona["number"]
    return {
        ("personal_number" if len(number) == 12 else "legacy_number"): number,
        "full_name": persona["full_name"],
        "birth_date": {"year": year, "month": month, "day": day},
    }


def valid(keys, agency):
    return next(k for k in keys if k["code"] == agency and k["state"].lower() == "valid")


def expect_error(code, reason, call):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, (error.code(), error.details())
        status = rpc_status.from_call(error)
        info = error_details_pb2.ErrorInfo()
        assert any(d.Unpack(info) for d in status.details if d.Is(info.DESCRIPTOR)), status
        assert info.reason == reason and info.domain == "dancu.v1", info
        return status
    raise AssertionError(f"{reason} was not told")


def main(address, agencies, personas, policy):
    with open(agencies, encoding="utf-8") as file:
        keys = json.load(file)["agencies"]
    with open(personas, encoding="utf-8") as file:
        people = {p["key"]: p for p in json.load(file)["personas"]}
    with open(policy, encoding="utf-8") as file:
        channel = grpc.insecure_channel(address, [("grpc.service_config", file.read())])
    province = valid(keys, "H26")
    service = Service(channel, province["key"])

    health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert health.status == health_pb2.HealthCheckResponse.SERVING, health

    for persona in people.values():
        item = {"item": {"item_id": "p", "claims": claims(persona)}}
        found = service.call(
            "dancu.v1.LookupService/LookupCitizen", {"context": context(province), **item}
        )
        assert found["result"]["outcome"] == "LOOKUP_OUTCOME_" + persona["lookup"], (persona, found)
        assert int(found["header"]["receipt"]["count"]) == 1, found
        verdict = service.call(
            "dancu.v1.AuthenticationService/AuthenticateCitizen",
            {"context": context(province), **item},
        )
        expected = "AUTHENTICATION_OUTCOME_" + persona["authenticate"]
        assert verdict["result"]["outcome"] == expected, (persona, verdict)

    plain = next(p for p in people.values() if p["lookup"] == "FOUND")
    stranger = {**plain, "full_name": "Nguyễn Văn Không"}
    batches = [
        {"batch": {"context": context(province), "items": [{"claims": claims(p)} for p in pair]}}
        for pair in ([plain, stranger], [stranger, plain])
    ]
    outcomes = [
        [result["outcome"] for result in reply["answer"]["results"]]
        for reply in service.stream("dancu.v1.LookupService/StreamLookupCitizens", batches)
    ]
    found, missed = "LOOKUP_OUTCOME_FOUND", "LOOKUP_OUTCOME_NO_MATCH"
    assert outcomes == [[found, missed], [missed, found]], outcomes

    cleaning = context(province, "PURPOSE_DATA_CLEANING")
    compared = service.call(
        "dancu.v1.SyncService/ReconcileCitizens",
        {
            "context": cleaning,
            "records": [{"item_id": "a", "claims": claims(plain)}, {"claims": claims(stranger)}],
        },
    )
    outcomes = [result["outcome"] for result in compared["results"]]
    assert outcomes == ["RECONCILE_OUTCOME_IN_STEP", "RECONCILE_OUTCOME_DUPLICATE_IN_SOURCE"], outcomes

    police = valid(keys, "G01")
    push = {
        "context": context(police, "PURPOSE_LIFE_EVENT"),
        "records": [
            {
                "source": "python",
                "record_id": uuid.uuid4().hex,
                "record_version": 1,
                "claims": claims(stranger),
                "residence_change": {
                    "residence": {"province": "01", "district": "001", "commune": "00001"},
                    "since": {"year": 2023, "month": 5, "day": 1},
                },
            }
        ],
    }
    sender = Service(channel, police["key"])
    pushed = sender.call("dancu.v1.SyncService/PushChanges", push)
    assert pushed["results"][0]["outcome"] == "PUSH_OUTCOME_REJECTED", pushed
    again = sender.call("dancu.v1.SyncService/PushChanges", push)
    assert again == pushed, (again, pushed)

    push["context"] = context(police, "PURPOSE_LIFE_EVENT")
    push["records"][0]["claims"] = claims(plain)
    moved = sender.call("dancu.v1.SyncService/PushChanges", push)
    assert moved["results"][0]["outcome"] == "PUSH_OUTCOME_APPLIED", moved
    push["context"] = context(police, "PURPOSE_LIFE_EVENT")
    known = sender.call("dancu.v1.SyncService/PushChanges", push)
    assert known["results"][0]["outcome"] == "PUSH_OUTCOME_ALREADY_APPLIED", known
    assert known["results"][0]["revision"] == moved["results"][0]["revision"], (known, moved)
    seen = service.call(
        "dancu.v1.LookupService/LookupCitizen",
        {
            "context": context(province),
            "freshness": {"at_least_as_fresh": moved["header"]["revision"]},
            "item": {"claims": claims(plain)},
        },
    )
    residence = seen["result"]["citizen"]["current_residence"]
    assert residence["commune"] == "00001", "the move that was acknowledged is not seen"

    volumes = service.call(
        "dancu.v1.StatisticsService/GetVolumes", {"context": context(province, "PURPOSE_STATISTICS")}
    )
    assert int(volumes["yardstick"]["syncs"]) == 536_000_000, volumes["yardstick"]
    assert int(volumes["totals"]["syncs"]) >= 3, volumes["totals"]

    number = "12345678901"
    status = expect_error(
        grpc.StatusCode.INVALID_ARGUMENT,
        "NUMBER_LENGTH",
        lambda: service.call(
            "dancu.v1.LookupService/LookupCitizen",
            {
                "context": context(province),
                "item": {"claims": {**claims(plain), "personal_number": number}},
            },
        ),
    )
    assert number not in str(status), "the value was echoed"
    expect_error(
        grpc.StatusCode.UNAUTHENTICATED,
        "CREDENTIAL_UNKNOWN",
        lambda: Service(channel, "nobody").call(
            "dancu.v1.LookupService/LookupCitizen", {"context": context(province)}
        ),
    )
    print(f"python: {len(people)} personas, stream, reconcile, push, volumes, errors: as promised")


if __name__ == "__main__":
    main(*sys.argv[1:])
