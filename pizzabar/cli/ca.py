"""``pizzabar ca``: the certificate that vouches for this machine's own addresses."""

import click

from pizzabar.settings import Settings, SettingsError


@click.command()
@click.option("--make", is_flag=True, help="make the authority if there is none yet")
def ca(make: bool) -> None:
    """Tell where the certificate of the authority is, for AWS_CA_BUNDLE and the like.

    It is made at the first start with functions in processes of their own. Clients that are given it accept
    https://{domainName}/{stage}.
    """
    from pizzabar.wire.authority import CERTIFICATE, TlsMissing, authority_in

    try:
        folder = Settings.from_environment().cache_folder
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    file = folder.absolute() / CERTIFICATE
    if make:
        try:
            authority_in(folder)
        except (TlsMissing, OSError) as error:
            raise click.ClickException(str(error)) from None
    if not file.is_file():
        raise click.ClickException(f"there is no authority yet in {folder.absolute()}: pizzabar ca --make")
    click.echo(file)
