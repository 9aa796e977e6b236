// Command release-identity serves DELETE /identities/{id}/hold in Conomy's dialect.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{Identities: boot.Identities()}, "release-identity")
}
