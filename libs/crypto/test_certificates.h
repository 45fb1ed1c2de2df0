// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_TEST_CERTIFICATES_H_
#define KEYWARD_LIBS_CRYPTO_TEST_CERTIFICATES_H_

namespace keyward::crypto {

// A certificate and its key as the openssl command writes them, for tests of
// the code that reads them. The key belongs to nothing.

// Self-signed ECDSA P-256, no CA, serial 0a1b2c, from 2026-11-24 17:00:42 to
// 2036-11-21 17:00:42 UTC, subject "C=DE, O=Example, Inc., CN=old,
// CN=db.example.com", key usage digitalSignature, extended key usage
// serverAuth, names DNS db.example.com and *.example.com, URI
// spiffe://example.com/db, IP 192.0.2.7 and 2001:db8::1, email a@example.com.
inline constexpr char kTestCertificate[] = R"(-----BEGIN CERTIFICATE-----
MIICaTCCAhCgAwIBAgIDChssMAoGCCqGSM49BAMCMEwxCzAJBgNVBAYTAkRFMRYw
FAYDVQQKDA1FeGFtcGxlLCBJbmMuMQwwCgYDVQQDDANvbGQxFzAVBgNVBAMMDmRi
LmV4YW1wbGUuY29tMB4XDTI2MTEyNDE3MDA0MloXDTM2MTEyMTE3MDA0MlowTDEL
MAkGA1UEBhMCREUxFjAUBgNVBAoMDUV4YW1wbGUsIEluYy4xDDAKBgNVBAMMA29s
ZDEXMBUGA1UEAwwOZGIuZXhhbXBsZS5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAASX1fO7nbB6k0Nz7nsyGhdo/CnXcPHfp2kYUOzyb4phJt/DSUG/u6OiaLTC
6x9wJY5hfokKOtXs+EAS5+eCv8yXo4HgMIHdMB0GA1UdDgQWBBS3uujXOSBC7/sI
Ll0CgNFHmivFjDAfBgNVHSMEGDAWgBS3uujXOSBC7/sILl0CgNFHmivFjDBoBgNV
HREEYTBfgg5kYi5leGFtcGxlLmNvbYINKi5leGFtcGxlLmNvbYYXc3BpZmZlOi8v
ZXhhbXBsZS5jb20vZGKHBMAAAgeHECABDbgAAAAAAAAAAAAAAAGBDWFAZXhhbXBs
ZS5jb20wDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYI
KwYBBQUHAwEwCgYIKoZIzj0EAwIDRwAwRAIgBlKU3+/FJZ4p//3ZkmXt4oQRXLG1
+0vNe0My3VnomNACIAttsT3DAq4PtAazIqxT7Y7MfYoRbWKYxNZtn20NIMic
-----END CERTIFICATE-----
)";

// SHA-256 of its DER form.
inline constexpr char kTestCertificateSha256[] =
    "049d0b91bbadacbe0813f2b6bff0cb50d2481ddc221b92ca8d477d2fbad3edbb";

// What openssl ecparam writes before the key.
inline constexpr char kTestEcParameters[] = R"(-----BEGIN EC PARAMETERS-----
BggqhkjOPQMBBw==
-----END EC PARAMETERS-----
)";

// Its key in the traditional form.
inline constexpr char kTestSec1Key[] = R"(-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIE958hukAQJ/K083/sVKLF3bd7gbybkCRqRhsIFIs4YnoAoGCCqGSM49
AwEHoUQDQgAEl9Xzu52wepNDc+57MhoXaPwp13Dx36dpGFDs8m+KYSbfw0lBv7uj
omi0wusfcCWOYX6JCjrV7PhAEufngr/Mlw==
-----END EC PRIVATE KEY-----
)";

// The same key as PKCS#8.
inline constexpr char kTestPkcs8Key[] = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgT3nyG6QBAn8rTzf+
xUosXdt3uBvJuQJGpGGwgUizhiehRANCAASX1fO7nbB6k0Nz7nsyGhdo/CnXcPHf
p2kYUOzyb4phJt/DSUG/u6OiaLTC6x9wJY5hfokKOtXs+EAS5+eCv8yX
-----END PRIVATE KEY-----
)";

// The same with a passphrase, in the new form and in the traditional one.
inline constexpr char kTestEncryptedPkcs8Key[] =
    R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgTAF7BIy9StwICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEBtxZwaH8y1YEURTPMeMFDwEgZAX
1iv6Clw8UAOzB7FaphxG39E0AFhWDgJrKLpFfI3ODxZR/VEnqI+JN9i9ssBfNI9S
0SJ3uL9r8X9RXhnCq0XYzm7CeQaHX/O6Y0sA7Edm1S8HXPIpNSybu7yez9to161M
rhBvF9fpGVnH11k9z+iLRkZgT2BM47t8CZqrp70GKXRncho73tybakUkWGBHti4=
-----END ENCRYPTED PRIVATE KEY-----
)";

inline constexpr char kTestEncryptedSec1Key[] =
    R"(-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,7CFBCA771D483E3996FDC4F9DB69B40E

TLvul+NE5Lb+vtyuD33gRhUyF3xUIX9/piDqS48/thHCoy8cudgHnzy49s93Yof5
tGQJdZZwZXYHy6V9caN7amg6zuxE+kUy8WfUd0MxBSy0WRQH6CisnCaw+lm8aiMs
RRiie8KEGGnRgf7CAxwbVSbuehE4aTfTK9aK8jhacnw=
-----END EC PRIVATE KEY-----
)";

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_TEST_CERTIFICATES_H_
