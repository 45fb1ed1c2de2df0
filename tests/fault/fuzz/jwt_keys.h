// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Written by make_corpus.py, together with the seeds of jwt.

#ifndef KEYWARD_TESTS_FAULT_FUZZ_JWT_KEYS_H_
#define KEYWARD_TESTS_FAULT_FUZZ_JWT_KEYS_H_

#include <cstdint>

namespace keyward::fuzz {

// When the tokens were made, in seconds since 1970.
inline constexpr int64_t kTokenTime = 1800000000;

// clang-format off
// The issuer's public keys. The private ones were thrown away.
inline constexpr char kJwks[] =
    R"({"keys":[{"kty":"EC","crv":"P-256","kid":"ES256","x":"nPEMENl1Z8vB48-r)"
    R"(2scuYb-Pc7DvYTZfsUswIPbCKnw","y":"qnAe470Pj1NCJA_V9xOe5Dzk0X1swcm4mnW9)"
    R"(FEUc6Ao"},{"kty":"RSA","kid":"RS256","n":"4w7AG6BkaCxxUOuCpMVUATh-uP6Y)"
    R"(imy_jiEfVLR1MYiWwr5Lzh1CfN8-sRpVKSrMpgDu9eEH_sB9rG2XoTJ-0N7FeyAORDal-b)"
    R"(c3tHhWd9FniKABjgPGQIBZ019XMGF8Tt39UFx_Qy0Irg8DnRvnS-Cg5ExQy5Pzmngb7tDj)"
    R"(aGBXnIQbQbHD4CCazxLW2wHU6FIkKRNm4IWOW8Zh2aGhgYD-vEhex0SN5KJQ_HWs6vc-2L)"
    R"(4-8Pz7ydPx9Y_D0G6vzMkTT3gKRodptJoj3yOrMrlQ1L6eWDcKrcGT2lGnfgxkOJ9k2L5s)"
    R"(gD3vl3yLkZamQQZCLyxl3M6hPSNc2n0j9Q","e":"AQAB"}]})";

// What they signed for us.
inline constexpr char kEcToken[] =
    R"(eyJhbGciOiJFUzI1NiIsImtpZCI6IkVTMjU2IiwidHlwIjoiSldUIn0.eyJpc3MiOiJodH)"
    R"(RwczovL2NvcnAiLCJzdWIiOiJhbGljZSIsImF1ZCI6ImtleXdhcmQiLCJleHAiOjE4MDAw)"
    R"(MDM2MDAsImlhdCI6MTgwMDAwMDAwMCwianRpIjoiaWQxIn0.25ZSPVNBaxoLMiwQ5bWFsZ)"
    R"(2C-yZbd4MGEbDFjskWgFqAxuS5l32gQAjuN68heKqJsOqOv3AjRbpj-YyuFJzn5g)";

inline constexpr char kRsaToken[] =
    R"(eyJhbGciOiJSUzI1NiIsImtpZCI6IlJTMjU2IiwidHlwIjoiSldUIn0.eyJpc3MiOiJodH)"
    R"(RwczovL2NvcnAiLCJzdWIiOiJhbGljZSIsImF1ZCI6ImtleXdhcmQiLCJleHAiOjE4MDAw)"
    R"(MDM2MDAsImlhdCI6MTgwMDAwMDAwMCwianRpIjoiaWQxIn0.WHa_EXWL5c7hMa0U1ECDQJ)"
    R"(STFhFe-MW0Xcw8uZ4V8AKmWuKwr1q7Chliqs5wia20DTNm4O3d34NIGp8gvnw1MfEGV_bk)"
    R"(hTjCUDwCmS-YUZdHR2AIrA1RgcbV4VLdjCBERnZMFDcjI_IbAjrus1HpNQfakgM0Rcu4zc)"
    R"(wDgksc5cRrF0QKTSicdNOrwHA1Sy6BAI3v1A0eL3-6ovs78etbS-8yVWrmEiNmNF477p28)"
    R"(WRW-ZKPQCyJT_PYDVgqXOHGzwW7gFn2So9YdyrulRR51_gpq8BUVSV6jgha4LfmbLZqzWk)"
    R"(mQj3WEXPC3bcmbKKNq9q75mPPe0AtzT5ZLQ-uSLg)";
// clang-format on

}  // namespace keyward::fuzz

#endif  // KEYWARD_TESTS_FAULT_FUZZ_JWT_KEYS_H_
