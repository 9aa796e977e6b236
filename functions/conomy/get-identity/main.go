// Command get-identity serves GET /identities/{id} of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("get-identity") }
