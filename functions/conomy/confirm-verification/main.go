// Command confirm-verification serves POST /identities/{id}/verifications/{channel}/confirm in Conomy's dialect.
package main

import (
	"cedula/shared/boot/vaults"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{Identities: vaults.Identities()}, "confirm-verification")
}
