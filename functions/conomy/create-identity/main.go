// Command create-identity serves POST /identities of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("create-identity") }
