// Command list-withdrawal-accounts serves GET /identities/{id}/withdrawal-accounts in Conomy's dialect.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{Identities: boot.Identities()}, "list-withdrawal-accounts")
}
