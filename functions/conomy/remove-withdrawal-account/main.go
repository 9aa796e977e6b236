// Command remove-withdrawal-account serves DELETE /identities/{id}/withdrawal-accounts/{accountId} in Conomy's dialect.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{Identities: boot.Identities()}, "remove-withdrawal-account")
}
