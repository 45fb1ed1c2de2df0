// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/record_codec.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace keyward::store {

std::string EncodeRecord(const google::protobuf::Message& record) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    record.SerializeToCodedStream(&coded);
  }
  return bytes;
}

absl::Status CheckRecordFormat(uint32_t format) {
  if (format == 0) return absl::DataLossError("a record names no format");
  if (format > kRecordFormat) {
    return absl::FailedPreconditionError(absl::StrCat(
        "a record has format ", format, ", and this build reads up to ",
        kRecordFormat, ": start a newer build on this data folder"));
  }
  return absl::OkStatus();
}

absl::Status ParseRecord(absl::string_view bytes,
                         google::protobuf::Message* record) {
  if (record->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat(
      "a stored ", record->GetDescriptor()->name(), " cannot be parsed"));
}

int64_t ToMicros(absl::Time time) { return absl::ToUnixMicros(time); }

absl::Time FromMicros(int64_t micros) { return absl::FromUnixMicros(micros); }

}  // namespace keyward::store
