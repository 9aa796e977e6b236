// Command start-verification serves POST /identities/{id}/verifications in Conomy's dialect.
package main

import (
	"cedula/shared/boot/tokenization"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{Identities: tokenization.Identities()}, "start-verification")
}
