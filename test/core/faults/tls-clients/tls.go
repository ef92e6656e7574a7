// Prints what net/http reports of a GET of each URL in stdin; SSL_CERT_FILE names the CA.
package main

import (
	"bufio"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
)

func nameOf(err error) string {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &invalid):
		return "x509.CertificateInvalidError"
	case errors.As(err, &host):
		return "x509.HostnameError"
	case errors.As(err, &unknown):
		return "x509.UnknownAuthorityError"
	}
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err.Error()
}

func main() {
	http.DefaultTransport.(*http.Transport).DisableKeepAlives = true
	for urls := bufio.NewScanner(os.Stdin); urls.Scan(); {
		response, err := http.Get(urls.Text())
		if err != nil {
			fmt.Println(nameOf(err))
			continue
		}
		response.Body.Close()
		fmt.Println(response.StatusCode)
	}
}
