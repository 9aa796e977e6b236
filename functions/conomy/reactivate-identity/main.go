// Command reactivate-identity serves PATCH /identities/{id}/reactivate of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("reactivate-identity") }
