// Command update-identity serves PATCH /identities/{id} in Conomy's dialect.
package main

import (
	"cedula/shared/boot/tokenization"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{Identities: tokenization.Identities()}, "update-identity")
}
