// Command hold-identity serves POST /identities/{id}/hold in Conomy's dialect.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{Identities: boot.Identities()}, "hold-identity")
}
