// Command remove-withdrawal-account serves DELETE /identities/{id}/withdrawal-accounts/{accountId} of the Conomy API.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	c := boot.Environment()
	gateway.Start(&conomy.API{Identities: boot.Must(boot.NewRegistry(c))}, "remove-withdrawal-account")
}
