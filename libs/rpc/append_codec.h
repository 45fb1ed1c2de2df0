// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// libs/rpc/audit_log.h <-> internal/audit/v1: records on their way to audit.
// No gRPC here.

#ifndef KEYWARD_LIBS_RPC_APPEND_CODEC_H_
#define KEYWARD_LIBS_RPC_APPEND_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/audit_log.h"
#include "proto/keyward/internal/audit/v1/audit_log_service.pb.h"

namespace keyward::rpc {

// The bounds of one item and of one batch (internal/audit/v1). A batch's are
// those of one value of the log.
inline constexpr size_t kMaxEntryBytes = 2 << 10;
inline constexpr size_t kMaxItemEntries = 128;
inline constexpr size_t kMaxBatchEntries = 256;
inline constexpr size_t kMaxBatchEntryBytes = size_t{768} << 10;

// Of the entries of an item, with what surrounds them on the wire.
size_t AppendItemBytes(const AppendItem& item);

// The item as number `id` of a batch, but for `remaining`.
keyward::internal::audit::v1::AppendItem EncodeAppendItem(uint64_t id,
                                                          AppendItem item);

// The reverse, at `now`. INVALID_ARGUMENT if it breaks a bound of one item.
absl::StatusOr<AppendItem> DecodeAppendItem(
    SteadyTime now, keyward::internal::audit::v1::AppendItem item);

// The answer to item `id`. Fence and checkpoint belong to the batch.
keyward::internal::audit::v1::AppendResult EncodeAppendResult(
    uint64_t id, const AppendResult& result);

// The reverse. A status that no honest audit gives becomes kUnknown: the
// records may be in the log.
AppendResult DecodeAppendResult(
    keyward::internal::audit::v1::AppendResult answer, uint64_t fence,
    const std::string& checkpoint);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_APPEND_CODEC_H_
