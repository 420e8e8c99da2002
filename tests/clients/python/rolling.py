"""Calls two addresses by round robin under the retry policy that is shipped, until its input closes.

usage: rolling.py ADDRESS,ADDRESS AGENCIES.json PEOPLE.json RETRY.json

PEOPLE.json holds the claims of people to ask about. Prints one line of JSON for each answer, with
its receipt and outcomes, one for each call that failed for good, and one for the whole at the end.
"""

import json
import os
import sys
import threading
import time
import uuid

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.json_format import ParseDict
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

THREADS = 4
OUTCOMES = {
    "dancu.v1.LookupService/LookupCitizen": ("LOOKUP", "result"),
    "dancu.v1.AuthenticationService/AuthenticateCitizen": ("AUTHENTICATE", "result"),
    "dancu.v1.SyncService/PushChanges": ("PUSH", "results"),
}


def main():
    addresses, agencies, people, retry = sys.argv[1:]
    policy = json.load(open(retry))
    policy["loadBalancingConfig"] = [{"round_robin": {}}]
    channel = grpc.insecure_channel(
        "ipv4:" + addresses,
        options=[
            ("grpc.service_config", json.dumps(policy)),
            # A list of addresses is no valid :authority, and a server refuses it; a DNS name is one.
            ("grpc.default_authority", "dancu.test"),
            ("grpc.enable_retries", 1),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 500),
        ],
    )
    keys = {k["code"]: k for k in json.load(open(agencies))["agencies"] if k["state"].lower() == "valid"}
    people = json.load(open(people))
    pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    stop = threading.Event()
    lock = threading.Lock()
    total = {"calls": 0, "answered": 0, "failed": 0, "slowest_ms": 0}

    def method(path):
        service, name = path.split("/")
        found = pool.FindServiceByName(service).FindMethodByName(name)
        asked, answered = (
            message_factory.GetMessageClass(m) for m in (found.input_type, found.output_type)
        )
        return asked, channel.unary_unary(
            "/" + path, asked.SerializeToString, answered.FromString
        )

    methods = {path: method(path) for path in OUTCOMES}

    def request(path, key, person, turn):
        context = {"request_id": f"roll-{uuid.uuid4().hex[:20]}"}
        if path.endswith("PushChanges"):
            context["purpose"] = "PURPOSE_LIFE_EVENT"
            record = {
                "source": "rolling",
                "record_id": context["request_id"],
                "record_version": 1,
                "claims": person["claims"],
                "residence_change": person["move"],
            }
            return {"context": context, "records": [record]}
        context |= {
            "officer": key["officer"],
            "procedure": key["procedure"],
            "dossier": "000.00.00.H26-231012-0001",
            "purpose": "PURPOSE_ADMINISTRATIVE_PROCEDURE",
        }
        return {"context": context, "item": {"claims": person["claims"]}}

    def tell(line):
        with lock:
            print(json.dumps(line), flush=True)

    def work(number):
        turn = number
        while not stop.is_set():
            turn += THREADS
            path = list(OUTCOMES)[turn // THREADS % len(OUTCOMES)]
            verb, field = OUTCOMES[path]
            agency = "G01" if verb == "PUSH" else "H26"
            person = people[turn % len(people)]
            asked, call = methods[path]
            message = ParseDict(request(path, keys[agency], person, turn), asked())
            metadata = [("authorization", f"Bearer {keys[agency]['key']}")]
            began = time.monotonic()
            try:
                reply = call(message, metadata=metadata)
            except grpc.RpcError as error:
                with lock:
                    total["failed"] += 1
                tell({"failed": verb, "code": error.code().name, "details": error.details()})
                reply = None
            took = int((time.monotonic() - began) * 1000)
            with lock:
                total["calls"] += 1
                total["slowest_ms"] = max(total["slowest_ms"], took)
            if reply is None:
                continue
            with lock:
                total["answered"] += 1
            results = getattr(reply, field)
            results = list(results) if field == "results" else [results]
            names = results[0].DESCRIPTOR.fields_by_name["outcome"].enum_type.values_by_number
            receipt = reply.header.receipt
            tell(
                {
                    "answered": verb,
                    "agency": agency,
                    "writer": receipt.writer,
                    "first": receipt.first_index,
                    "count": receipt.count,
                    "outcomes": [names[result.outcome].name for result in results],
                }
            )

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    print(json.dumps({"ready": os.getpid()}), flush=True)
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join(60)
    tell({"total": total})


main()
