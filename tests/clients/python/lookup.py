import sys

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

address, key, officer, number, name, year, month, day = sys.argv[1:]
channel = grpc.insecure_channel(address)
pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
lookup = pool.FindServiceByName("dancu.v1.LookupService").FindMethodByName("LookupCitizen")
Request = message_factory.GetMessageClass(lookup.input_type)
Response = message_factory.GetMessageClass(lookup.output_type)

call = channel.unary_unary(
    "/dancu.v1.LookupService/LookupCitizen", Request.SerializeToString, Response.FromString
)
request = Request(
    context={
        "request_id": "readme-1",
        "officer": officer,
        "procedure": "1.004222",
        "dossier": "000.00.00.H26-231012-0001",
        "purpose": "PURPOSE_ADMINISTRATIVE_PROCEDURE",
    },
    item={
        "claims": {
            "personal_number": number,
            "full_name": name,
            "birth_date": {"year": int(year), "month": int(month), "day": int(day)},
        }
    },
)
print(call(request, metadata=[("authorization", f"Bearer {key}")], timeout=5))
