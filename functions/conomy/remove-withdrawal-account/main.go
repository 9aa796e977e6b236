// Command remove-withdrawal-account serves DELETE /identities/{id}/withdrawal-accounts/{accountId} of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("remove-withdrawal-account") }
