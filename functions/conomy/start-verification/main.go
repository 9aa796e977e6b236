// Command start-verification serves POST /identities/{id}/verifications of the Conomy API.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/boot/tokenization"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	c := boot.Environment()
	gateway.Start(&conomy.API{Identities: boot.Must(tokenization.NewRegistry(c))}, "start-verification")
}
