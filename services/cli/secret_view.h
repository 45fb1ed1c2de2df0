// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_SECRET_VIEW_H_
#define KEYWARD_SERVICES_CLI_SECRET_VIEW_H_

#include <string>
#include <vector>

#include "google/protobuf/repeated_field.h"
#include "proto/keyward/secrets/v1/secret.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::cli {

// How secrets and versions look to people. Never a value: the messages that
// come here cannot hold one. Pure functions.

// One secret a line.
std::string ShowSecrets(
    const google::protobuf::RepeatedPtrField<secrets::v1::Secret>& secrets);

// All fields of one secret.
std::string ShowSecret(const secrets::v1::Secret& secret);

// One version a line.
std::string ShowVersions(
    const google::protobuf::RepeatedPtrField<secrets::v1::SecretVersion>&
        versions);

// Versions side by side, one a column under its title; `titles` and
// `versions` have the same length.
std::string ShowVersionsSideBySide(
    const std::vector<std::string>& titles,
    const std::vector<secrets::v1::SecretVersion>& versions);

// "version 3 of projects/default/secrets/a".
std::string DescribeVersion(const secrets::v1::SecretVersion& version);

// One line for an event of the change feed.
std::string ShowEvent(const secrets::v1::SecretEvent& event);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_SECRET_VIEW_H_
