module example.test/integration

go 1.19
