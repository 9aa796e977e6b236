// Package blnk starts the functions that serve the Blnk API on the registry. It is separate from package
// boot so that a function links one API.
// It must not import the client of AWS KMS, which only a few of these functions need.
package blnk

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/gateway"
	"cedula/shared/registry"
)

// Start serves an operation as a Lambda function. It ends the process if the environment is wrong.
func Start(operation string) { StartOn(boot.NewRegistry, operation) }

// StartOn is Start with another constructor of the registry.
func StartOn(newRegistry func(boot.Config) (*registry.Registry, error), operation string) {
	c := boot.Environment()
	gateway.Start(&blnk.API{
		Identities: boot.Must(newRegistry(c)),
		Cursors:    blnk.NewCursorCodec(boot.Must(boot.SecretKey(c))),
	}, operation)
}

// StartKeys is Start for an operation on API keys.
func StartKeys(operation string) {
	gateway.Start(&blnk.API{Keys: boot.Must(boot.NewKeyManager(boot.Environment()))}, operation)
}
