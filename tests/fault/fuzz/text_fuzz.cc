// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Small decoders and encoders: base64, hexadecimal, durations, sizes,
// addresses, and text that others chose on its way to a terminal or a log.

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "libs/audit/entry.h"
#include "libs/audit/note.h"
#include "libs/audit/note_text.h"
#include "libs/auth/base64url.h"
#include "libs/auth/principal.h"
#include "libs/base/hex.h"
#include "libs/config/text.h"
#include "services/cli/printable.h"
#include "services/cli/values.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

bool IsPrintableAscii(absl::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

// Each text of an encoding is the only one of its bytes, and each bytes' text
// gives them back.
void CheckEncodings(absl::string_view text) {
  const auto url = auth::DecodeBase64Url(text);
  if (url.ok()) FUZZ_CHECK(absl::WebSafeBase64Escape(*url) == text);
  FUZZ_CHECK(auth::DecodeBase64Url(absl::WebSafeBase64Escape(text)).value() ==
             text);
  const auto base64 = audit::DecodeBase64(text);
  if (base64.ok()) FUZZ_CHECK(absl::Base64Escape(*base64) == text);
  FUZZ_CHECK(audit::DecodeBase64(absl::Base64Escape(text)).value() == text);
  const auto hex = HexDecode(text);
  if (hex.ok()) FUZZ_CHECK(HexEncode(*hex) == absl::AsciiStrToLower(text));
  FUZZ_CHECK(HexDecode(HexEncode(text)).value() == text);
}

bool Has(absl::string_view text, absl::string_view any_of) {
  return text.find_first_of(any_of) != absl::string_view::npos;
}

// Two decoders of UTF-8 that were written apart agree.
void CheckUtf8(absl::string_view text) {
  const bool plain = config::IsPlainText(text);
  const bool note = audit::IsNoteText(text);
  if (plain && !Has(text, "\t\r")) FUZZ_CHECK(note);
  if (note && !Has(text, "\x7f")) FUZZ_CHECK(plain);
  if (audit::IsKeyName(text)) FUZZ_CHECK(note && !Has(text, " +\n"));
}

// What EscapeText was given.
std::string Unescaped(absl::string_view escaped) {
  std::string text;
  for (size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] != '\\') {
      text.push_back(escaped[i]);
    } else if (escaped.substr(i + 1, 1) == "x") {
      text += HexDecode(escaped.substr(i + 2, 2)).value();
      i += 3;
    } else {
      FUZZ_CHECK(escaped.substr(++i, 1) == "\\");
      text.push_back('\\');
    }
  }
  return text;
}

// Nothing that others chose moves a cursor, begins a line or forges one.
void CheckShown(absl::string_view text) {
  const std::string shown = cli::Printable(text);
  FUZZ_CHECK(audit::IsNoteText(shown) && !Has(shown, "\n\x7f"));
  FUZZ_CHECK(!absl::StrContains(shown, "\xe2\x80\xae"));  // right to left
  FUZZ_CHECK(cli::Printable(shown) == shown);

  const std::string escaped = audit::EscapeText(text, 4 * text.size());
  FUZZ_CHECK(IsPrintableAscii(escaped) && Unescaped(escaped) == text);
  const std::string cut = audit::EscapeText(text, 16);
  FUZZ_CHECK(cut.size() <= 16 && absl::StartsWith(escaped, cut));
  FUZZ_CHECK(absl::StartsWith(text, Unescaped(cut)));
  const std::string id = audit::RecordedId(text);
  FUZZ_CHECK(id.size() <= audit::kMaxCallerTextBytes && IsPrintableAscii(id));
  FUZZ_CHECK(escaped.size() > audit::kMaxCallerTextBytes || id == escaped);
  FUZZ_CHECK(IsPrintableAscii(auth::EscapeForeignText(text)));
  FUZZ_CHECK(!Has(auth::EscapeForeignText(text), " \"'\\<>"));

  cli::Table table({"one", "two"});
  table.Add({std::string(text), "x"});
  const std::string lines = table.ToString();
  FUZZ_CHECK(std::count(lines.begin(), lines.end(), '\n') == 2);
}

void CheckSettings(absl::string_view text) {
  const auto duration = config::ParseDuration(text);
  if (duration.ok()) {
    FUZZ_CHECK(*duration >= absl::ZeroDuration());
    FUZZ_CHECK(*duration != absl::InfiniteDuration());
  }
  const auto size = config::ParseByteSize(text);
  if (size.ok()) {
    FUZZ_CHECK(config::ParseByteSize(absl::StrCat(*size, "B")).value() ==
               *size);
  }
  if (config::CheckHostPort(text).ok()) {
    FUZZ_CHECK(IsPrintableAscii(text) && !Has(text, " /@\"'"));
  }
  if (config::CheckPath(text).ok()) {
    FUZZ_CHECK(absl::StartsWith(text, "/") && text.size() <= 4096);
    FUZZ_CHECK(!absl::StrContains(absl::StrCat(text, "/"), "/../"));
  }
  config::Nearest(text, {"listen", "data", "trust_domains"});
}

void CheckOptions(absl::string_view text) {
  const absl::Time now = absl::FromUnixSeconds(1800000000);
  const auto duration = cli::ParseDuration("--ttl", text);
  if (duration.ok()) FUZZ_CHECK(*duration > absl::ZeroDuration());
  const auto ago = cli::ParseTime("--since", text, now, /*past=*/true);
  if (ago.ok() && duration.ok()) FUZZ_CHECK(*ago < now);
  const auto pair = cli::ParsePair("--label", text);
  if (pair.ok()) {
    FUZZ_CHECK(absl::StrCat(pair->first, "=", pair->second) == text);
    FUZZ_CHECK(!absl::StrContains(pair->first, '='));
  }
  const auto number = cli::ParseVersionNumber("--version", text);
  if (number.ok()) FUZZ_CHECK(absl::StrCat(*number) == text && *number > 0);
  const auto type = cli::ParseSecretType(text);
  if (type.ok()) FUZZ_CHECK(cli::ShowType(*type) == text);
  for (const absl::Status& status :
       {duration.status(), ago.status(), pair.status(), number.status(),
        type.status()}) {
    FUZZ_CHECK(!absl::StrContains(status.message(), kCanary));
  }
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  const absl::string_view text = Text(data, size);
  CheckEncodings(text);
  CheckUtf8(text);
  CheckShown(text);
  CheckSettings(text);
  CheckOptions(text);
  return 0;
}
