// Command set-escrow-fee serves POST /identities/{id}/accounts/escrow-fee of the Conomy API.
package main

import (
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() { gateway.Start(&conomy.API{}, "set-escrow-fee") }
