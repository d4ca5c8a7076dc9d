"""Is this the file that was exported? Checked offline with the file, its manifest and the public key alone."""

from pathlib import Path

from ..core import keys
from ..core.i18n import _
from .manifest import KIND, BadManifest, canonical, digest, read


def verify(file: Path, manifest: Path, public_key_pem: bytes | str) -> list[str]:
    """What does not agree, in words; an empty list means the file is whole and the manifest ours."""
    try:
        said, signature = read(Path(manifest).read_bytes())
    except BadManifest:
        return [_("清单不是本系统生成的原样文件：内容、格式或签名栏被改动")]
    return [*_signature_faults(said, signature, public_key_pem), *_file_faults(Path(file), said)]


def _signature_faults(said: dict, signature: bytes, public_key_pem: str) -> list[str]:
    try:
        is_ours = keys.is_signed(canonical(said), signature, public_key_pem)
    except ValueError:
        return [_("公钥文件无法识别：应为本系统导出的 Ed25519 公钥（PEM）")]
    if not is_ours:
        return [_("签名不符：清单被改动，或不是用这把公钥对应的私钥签发")]
    return [] if said["kind"] == KIND else [_("清单的种类或版本不是本程序所能核对的")]


def _file_faults(file: Path, said: dict) -> list[str]:
    sha256, size = digest(file)
    if size != said["size"]:
        return [_("文件大小不符：清单为 %(said)s 字节，实际 %(size)s 字节", said=said["size"], size=size)]
    return [] if sha256 == said["sha256"] else [_("文件内容与清单的 SHA-256 不符，文件被改动")]
