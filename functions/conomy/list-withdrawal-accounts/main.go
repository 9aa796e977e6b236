// Command list-withdrawal-accounts serves GET /identities/{id}/withdrawal-accounts of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("list-withdrawal-accounts") }
