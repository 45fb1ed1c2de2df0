// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_ERROR_REASON_H_
#define KEYWARD_LIBS_BASE_ERROR_REASON_H_

namespace keyward {

// The reasons of google.rpc.ErrorInfo in the domain "keyward". With the
// canonical code they are the stable identity of an error: programs branch on
// them, so a value never changes and never gets a second meaning. UPPER_SNAKE
// and at most 63 characters, as google.rpc.ErrorInfo demands.

// What is wrong with the request.
inline constexpr char kInvalidField[] = "INVALID_FIELD";
inline constexpr char kMalformedRequest[] = "MALFORMED_REQUEST";
inline constexpr char kPageTokenInvalid[] = "PAGE_TOKEN_INVALID";
inline constexpr char kRequestIdReused[] = "REQUEST_ID_REUSED";
inline constexpr char kDeadlineTooShort[] = "DEADLINE_TOO_SHORT";
inline constexpr char kNotImplemented[] = "NOT_IMPLEMENTED";

// Who asked.
inline constexpr char kUnauthenticated[] = "UNAUTHENTICATED";
inline constexpr char kPermissionDenied[] = "PERMISSION_DENIED";
inline constexpr char kQuotaExceeded[] = "QUOTA_EXCEEDED";

// The state of the resource.
inline constexpr char kNotFound[] = "NOT_FOUND";
inline constexpr char kAlreadyExists[] = "ALREADY_EXISTS";
inline constexpr char kEtagMismatch[] = "ETAG_MISMATCH";
inline constexpr char kVersionDisabled[] = "VERSION_DISABLED";
inline constexpr char kVersionDestroyed[] = "VERSION_DESTROYED";
inline constexpr char kSecretExpired[] = "SECRET_EXPIRED";
inline constexpr char kSecretDeleted[] = "SECRET_DELETED";
inline constexpr char kSecretNotDeleted[] = "SECRET_NOT_DELETED";
inline constexpr char kDeletionProtected[] = "DELETION_PROTECTED";
inline constexpr char kVersionPending[] = "VERSION_PENDING";
inline constexpr char kVersionCurrent[] = "VERSION_CURRENT";
inline constexpr char kKeyVersionsInUse[] = "KEY_VERSIONS_IN_USE";
inline constexpr char kNoPreviousVersion[] = "NO_PREVIOUS_VERSION";

// The state of the policy.
inline constexpr char kProjectClosing[] = "PROJECT_CLOSING";
inline constexpr char kProjectNotEmpty[] = "PROJECT_NOT_EMPTY";
inline constexpr char kProjectPermanent[] = "PROJECT_PERMANENT";
inline constexpr char kRoleInUse[] = "ROLE_IN_USE";
inline constexpr char kLastAdministrator[] = "LAST_ADMINISTRATOR";

// The position of a watch or a tail.
inline constexpr char kPositionCompacted[] = "POSITION_COMPACTED";
inline constexpr char kPositionForeign[] = "POSITION_FOREIGN";

// The state of the installation. OUTCOME_UNKNOWN: the change may have
// happened. NOT_YET_IN_FORCE: a policy change is durable and will come into
// force, but has not yet.
inline constexpr char kOutcomeUnknown[] = "OUTCOME_UNKNOWN";
inline constexpr char kCallCancelled[] = "CALL_CANCELLED";
inline constexpr char kShuttingDown[] = "SHUTTING_DOWN";
inline constexpr char kSealed[] = "SEALED";
inline constexpr char kAuditUnavailable[] = "AUDIT_UNAVAILABLE";
inline constexpr char kStoreUnavailable[] = "STORE_UNAVAILABLE";
inline constexpr char kPolicyUnavailable[] = "POLICY_UNAVAILABLE";
inline constexpr char kNotYetInForce[] = "NOT_YET_IN_FORCE";
inline constexpr char kIntentBarred[] = "INTENT_BARRED";
// What only the server's log explains, under the id in the metadata.
inline constexpr char kInternalError[] = "INTERNAL_ERROR";
inline constexpr char kResponseMismatch[] = "RESPONSE_MISMATCH";

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_ERROR_REASON_H_
