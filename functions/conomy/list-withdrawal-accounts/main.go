// Command list-withdrawal-accounts serves GET /identities/{id}/withdrawal-accounts of the Conomy API.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	c := boot.Environment()
	gateway.Start(&conomy.API{Identities: boot.Must(boot.NewRegistry(c))}, "list-withdrawal-accounts")
}
