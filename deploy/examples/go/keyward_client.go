// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// What a program needs of Keyward: copy it, and take out what you don't use.

package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log"
	"maps"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	secretsv1 "keyward.internal/proto/secrets/v1"
)

// Of one call, its repetitions included. A watch has none.
const timeout = 10 * time.Second

// What gRPC does by itself. A call that a restarting server did not answer is
// made again, which is safe: a read changes nothing, and a change has a request
// id, by which the server does it once.
const serviceConfig = `{
  "methodConfig": [{
    "name": [{"service": "keyward.secrets.v1.SecretService"}],
    "retryPolicy": {
      "maxAttempts": 5,
      "initialBackoff": "0.5s",
      "maxBackoff": "4s",
      "backoffMultiplier": 2,
      "retryableStatusCodes": ["UNAVAILABLE"]
    }
  }]
}`

// tokenFile adds the token to each call, read anew: whoever issues it renews it.
type tokenFile string

func (path tokenFile) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := os.ReadFile(string(path))
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + strings.TrimSpace(string(token))}, nil
}

func (tokenFile) RequireTransportSecurity() bool { return true }

// connect returns a client of the server at KEYWARD_ADDR, which KEYWARD_CA
// vouches for. It is who KEYWARD_TOKEN_FILE says (a JWT), otherwise who
// KEYWARD_CERT and KEYWARD_KEY say (mTLS).
func connect() (secretsv1.SecretServiceClient, error) {
	ca, err := os.ReadFile(os.Getenv("KEYWARD_CA"))
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS13}
	if !config.RootCAs.AppendCertsFromPEM(ca) {
		return nil, errors.New("KEYWARD_CA holds no certificate")
	}
	options := []grpc.DialOption{
		grpc.WithDefaultServiceConfig(serviceConfig),
		// A server that went away is tried each 5 s at the latest.
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{
			BaseDelay: time.Second, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second}}),
		// A watch is silent for long: this notices that its connection is dead.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second}),
	}
	if path := os.Getenv("KEYWARD_TOKEN_FILE"); path != "" {
		options = append(options, grpc.WithPerRPCCredentials(tokenFile(path)))
	} else {
		pair, err := tls.LoadX509KeyPair(os.Getenv("KEYWARD_CERT"), os.Getenv("KEYWARD_KEY"))
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	options = append(options, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	connection, err := grpc.NewClient(os.Getenv("KEYWARD_ADDR"), options...)
	if err != nil {
		return nil, err
	}
	return secretsv1.NewSecretServiceClient(connection), nil
}

// -- values ------------------------------------------------------------------

func crc32c(data []byte) uint32 {
	return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
}

// payloadOf adds the checksum by which the server sees the value arrive whole.
func payloadOf(data []byte) *secretsv1.SecretPayload {
	return &secretsv1.SecretPayload{Data: data, DataCrc32C: proto.Uint32(crc32c(data))}
}

// valueOf returns the value of a payload that arrived whole.
func valueOf(payload *secretsv1.SecretPayload) ([]byte, error) {
	if crc32c(payload.GetData()) != payload.GetDataCrc32C() {
		return nil, errors.New("the value was damaged on its way")
	}
	return payload.GetData(), nil
}

// create makes a secret with its first version and returns the version. An
// empty request id means a new one, as in add.
func create(ctx context.Context, secrets secretsv1.SecretServiceClient, parent, secretID string, data []byte, requestID string) (*secretsv1.SecretVersion, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := secrets.CreateSecret(ctx, &secretsv1.CreateSecretRequest{
		Parent:    parent,
		SecretId:  secretID,
		Value:     &secretsv1.CreateSecretRequest_Payload{Payload: payloadOf(data)},
		RequestId: orRandom(requestID),
	})
	return answer.GetVersion(), err
}

// add makes a version, which becomes the current one, and returns it.
func add(ctx context.Context, secrets secretsv1.SecretServiceClient, secret string, data []byte, requestID string) (*secretsv1.SecretVersion, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := secrets.AddSecretVersion(ctx, &secretsv1.AddSecretVersionRequest{
		Parent:    secret,
		Value:     &secretsv1.AddSecretVersionRequest_Payload{Payload: payloadOf(data)},
		RequestId: orRandom(requestID),
	})
	return answer.GetVersion(), err
}

func orRandom(id string) string {
	if id == "" {
		return rand.Text()
	}
	return id
}

// read returns the value of a secret's current version.
func read(ctx context.Context, secrets secretsv1.SecretServiceClient, name string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := secrets.AccessSecretVersion(ctx, &secretsv1.AccessSecretVersionRequest{Name: name})
	if err != nil {
		return nil, err
	}
	return valueOf(answer.GetPayload())
}

// readAll returns a result for each of up to 100 names, in order: a response
// or an error.
func readAll(ctx context.Context, secrets secretsv1.SecretServiceClient, names []string) ([]*secretsv1.BatchAccessSecretVersionsResult, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := secrets.BatchAccessSecretVersions(ctx, &secretsv1.BatchAccessSecretVersionsRequest{Names: names})
	return answer.GetResults(), err
}

// -- changes -----------------------------------------------------------------

// listAll returns all secrets that the caller may see, and the position to
// watch from.
func listAll(ctx context.Context, secrets secretsv1.SecretServiceClient, parent string) (found []*secretsv1.Secret, position string, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request := &secretsv1.ListSecretsRequest{Parent: parent}
	for {
		answer, err := secrets.ListSecrets(ctx, request)
		if err != nil {
			return nil, "", err
		}
		found = append(found, answer.GetSecrets()...)
		// Only the first page has one, and so nothing after it is missed.
		if position == "" {
			position = answer.GetWatchPosition()
		}
		request.PageToken = answer.GetNextPageToken()
		if request.PageToken == "" {
			return found, position, nil
		}
	}
}

// changes gives every change after a position to each, once and in order.
//
// Whatever ends the stream but a refusal, which it returns, it is opened again
// where it ended. FAILED_PRECONDITION with the reason POSITION_COMPACTED or
// POSITION_FOREIGN means that the position is too old, or from before a
// restore: list again.
func changes(ctx context.Context, secrets secretsv1.SecretServiceClient, parent, position string, each func(*secretsv1.SecretEvent)) error {
	const firstWait = 100 * time.Millisecond
	wait := firstWait
	for {
		answered := false
		stream, err := secrets.WatchSecrets(ctx, &secretsv1.WatchSecretsRequest{Parent: parent, Position: position})
		for err == nil {
			var answer *secretsv1.WatchSecretsResponse
			if answer, err = stream.Recv(); err != nil {
				break
			}
			answered, wait = true, firstWait
			if event := answer.GetEvent(); event != nil {
				each(event)
			}
			position = answer.GetPosition()
		}
		ended := status.Code(err)
		// A credential that was good has expired: the next may be there.
		expired := answered && ended == codes.Unauthenticated
		over := errors.Is(err, io.EOF) || ended == codes.Unavailable || ended == codes.Canceled
		if ctx.Err() != nil || !over && !expired {
			return err
		}
		log.Printf("the watch ended, %v; it is opened again", err)
		// Not all clients of a restarted server at the same moment.
		time.Sleep(wait/2 + mathrand.N(wait/2))
		wait = min(2*wait, 5*time.Second)
	}
}

// -- errors ------------------------------------------------------------------

// detailsOf returns the ErrorInfo and the BadRequest of a status; empty if it
// has none.
func detailsOf(failed *status.Status) (*errdetails.ErrorInfo, *errdetails.BadRequest) {
	info, bad := &errdetails.ErrorInfo{}, &errdetails.BadRequest{}
	for _, detail := range failed.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			info = detail
		case *errdetails.BadRequest:
			bad = detail
		}
	}
	return info, bad
}

// describe tells people what went wrong; programs branch on code and reason.
func describe(failed *status.Status) string {
	info, bad := detailsOf(failed)
	lines := []string{fmt.Sprintf("%v: %s", code.Code(failed.Code()), failed.Message())}
	// What gRPC itself says, of a server that is away, has none.
	if info.GetReason() != "" {
		lines = append(lines, "  reason: "+info.GetReason())
	}
	for _, key := range slices.Sorted(maps.Keys(info.GetMetadata())) {
		lines = append(lines, fmt.Sprintf("  %s: %s", key, info.GetMetadata()[key]))
	}
	for _, violation := range bad.GetFieldViolations() {
		lines = append(lines, fmt.Sprintf("  field %s: %s", violation.GetField(), violation.GetDescription()))
	}
	return strings.Join(lines, "\n")
}
