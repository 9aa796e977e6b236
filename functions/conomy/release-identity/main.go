// Command release-identity serves DELETE /identities/{id}/hold of the Conomy API.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	c := boot.Environment()
	gateway.Start(&conomy.API{Identities: boot.Must(boot.NewRegistry(c))}, "release-identity")
}
