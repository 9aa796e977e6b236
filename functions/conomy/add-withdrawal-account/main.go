// Command add-withdrawal-account serves POST /identities/{id}/withdrawal-accounts in Conomy's dialect.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{Identities: boot.Identities()}, "add-withdrawal-account")
}
