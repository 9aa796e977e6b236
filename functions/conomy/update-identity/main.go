// Command update-identity serves PATCH /identities/{id} in Conomy's dialect.
package main

import (
	"cedula/shared/boot/vaults"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{Identities: vaults.Identities()}, "update-identity")
}
