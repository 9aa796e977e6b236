// Package conomy starts the functions that serve the Conomy API on the registry. It is separate from
// package boot so that a function links one API.
// It must not import the client of AWS KMS, which only a few of these functions need.
package conomy

import (
	"cedula/shared/boot"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/registry"
)

// Start serves an operation as a Lambda function. It ends the process if the environment is wrong.
func Start(operation string) { StartOn(boot.NewRegistry, operation) }

// StartOn is Start with another constructor of the registry.
func StartOn(newRegistry func(boot.Config) (*registry.Registry, error), operation string) {
	gateway.Start(&conomy.API{Identities: boot.Must(newRegistry(boot.Environment()))}, operation)
}
