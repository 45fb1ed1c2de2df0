// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"google.golang.org/grpc/status"

	secretsv1 "keyward.internal/proto/secrets/v1"
)

const usage = `Secrets of Keyward from Go.

  example create|add SECRET [REQUEST_ID]    stores the value on standard input
  example read SECRET                       prints the value
  example batch SECRET...                   prints what became of each
  example watch                             prints what there is, then changes
`

func project() string {
	if id := os.Getenv("KEYWARD_PROJECT"); id != "" {
		return "projects/" + id
	}
	return "projects/default"
}

func nameOf(secretID string) string {
	return project() + "/secrets/" + secretID
}

func batch(ctx context.Context, secrets secretsv1.SecretServiceClient, secretIDs []string) error {
	var names []string
	for _, id := range secretIDs {
		names = append(names, nameOf(id))
	}
	results, err := readAll(ctx, secrets, names)
	if err != nil {
		return err
	}
	for _, result := range results {
		if failed := result.GetError(); failed != nil {
			fmt.Printf("%s: %s\n", result.GetName(), describe(status.FromProto(failed)))
			continue
		}
		value, err := valueOf(result.GetResponse().GetPayload())
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s, %d bytes\n", result.GetName(), result.GetResponse().GetName(), len(value))
	}
	return nil
}

func watch(ctx context.Context, secrets secretsv1.SecretServiceClient) error {
	for {
		found, position, err := listAll(ctx, secrets, project())
		if err != nil {
			return err
		}
		for _, secret := range found {
			fmt.Println("LISTED", secret.GetName(), secret.GetCurrentVersion())
		}
		err = changes(ctx, secrets, project(), position, func(event *secretsv1.SecretEvent) {
			kind := strings.TrimPrefix(event.GetKind().String(), "SECRET_EVENT_KIND_")
			fmt.Println(kind, event.GetName(), event.GetVersion())
		})
		info, _ := detailsOf(status.Convert(err))
		if !slices.Contains([]string{"POSITION_COMPACTED", "POSITION_FOREIGN"}, info.GetReason()) {
			return err
		}
	}
}

// store reads the value from standard input and prints the new version's name.
func store(ctx context.Context, secrets secretsv1.SecretServiceClient, command, secretID, requestID string) error {
	data, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var version *secretsv1.SecretVersion
	if command == "create" {
		version, err = create(ctx, secrets, project(), secretID, data, requestID)
	} else {
		version, err = add(ctx, secrets, nameOf(secretID), data, requestID)
	}
	if err != nil {
		return err
	}
	fmt.Println(version.GetName())
	return nil
}

func run(arguments []string) error {
	ctx := context.Background()
	secrets, err := connect()
	if err != nil {
		return err
	}
	if len(arguments) == 0 {
		arguments = []string{""}
	}
	command, rest := arguments[0], arguments[1:]
	switch {
	case (command == "create" || command == "add") && len(rest) > 0:
		return store(ctx, secrets, command, rest[0], strings.Join(rest[1:], ""))
	case command == "read" && len(rest) == 1:
		value, err := read(ctx, secrets, nameOf(rest[0]))
		if err == nil {
			_, err = os.Stdout.Write(value)
		}
		return err
	case command == "batch":
		return batch(ctx, secrets, rest)
	case command == "watch":
		return watch(ctx, secrets)
	}
	fmt.Fprint(os.Stderr, usage)
	os.Exit(2)
	return nil
}

func main() {
	err := run(os.Args[1:])
	if failed, ok := status.FromError(err); ok && err != nil {
		fmt.Fprintln(os.Stderr, describe(failed))
		os.Exit(1)
	} else if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
