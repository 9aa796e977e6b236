// Command deactivate-identity serves PATCH /identities/{id}/deactivate of the Conomy API.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	c := boot.Environment()
	gateway.Start(&conomy.API{Identities: boot.Must(boot.NewRegistry(c))}, "deactivate-identity")
}
