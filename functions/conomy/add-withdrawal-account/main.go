// Command add-withdrawal-account serves POST /identities/{id}/withdrawal-accounts of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("add-withdrawal-account") }
