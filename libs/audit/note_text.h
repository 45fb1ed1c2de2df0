// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_NOTE_TEXT_H_
#define KEYWARD_LIBS_AUDIT_NOTE_TEXT_H_

#include "absl/strings/string_view.h"

namespace keyward::audit {

// The rules for characters in signed notes. Pure functions.

// True if `text` is well-formed UTF-8 (no surrogates, no overlong forms) with
// no control character below U+0020 but newline: text that a terminal and a
// parser see alike.
bool IsNoteText(absl::string_view text);

// True if `name` may name a key: not empty, note text without newline, without
// any Unicode space and without '+'.
bool IsKeyName(absl::string_view name);

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_NOTE_TEXT_H_
